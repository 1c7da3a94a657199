-- rows
SELECT dataset_3._row_number AS c0, dataset_3.code AS c1, dataset_3.suspect AS c2
FROM dataset_3 ORDER BY dataset_3._row_number
 LIMIT ? OFFSET ?
-- [101, 0]
