-- rows
SELECT dataset_2._row_number AS c0, dataset_2.code AS c1
FROM dataset_2 ORDER BY dataset_2._row_number
 LIMIT ? OFFSET ?
-- [2, 0]
