-- rows
SELECT dataset_2._row_number AS c0, dataset_2.code AS c1, dataset_2.name AS c2
FROM dataset_2
WHERE dataset_2.name = ? ORDER BY dataset_2._row_number
 LIMIT ? OFFSET ?
-- ["合成甲一", 101, 0]
