-- rows
SELECT dataset_2._row_number AS c0, dataset_2.code AS c1, dataset_2.name AS c2, dataset_2.division AS c3, dataset_2.born AS c4, dataset_2.seen AS c5, dataset_2.income AS c6, dataset_2.children AS c7, NULL AS c8, NULL AS c9
FROM dataset_2
WHERE dataset_2.code IN (?, ?, ?) ORDER BY dataset_2._row_number
 LIMIT ? OFFSET ?
-- ["r01", "r02", "r04", 101, 0]
