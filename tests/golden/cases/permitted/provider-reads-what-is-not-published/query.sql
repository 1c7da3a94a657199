-- rows
SELECT dataset_4._row_number AS c0, dataset_4.code AS c1, dataset_4.title AS c2
FROM dataset_4 ORDER BY dataset_4._row_number
 LIMIT ? OFFSET ?
-- [101, 0]
