-- rows
SELECT dataset_2._row_number AS c0, dataset_2.code AS c1, dataset_2.name AS c2, dataset_2.income AS c3
FROM dataset_2
WHERE (dataset_2.code >= ? OR dataset_2.code <= ?) AND dataset_2.code <= ? AND dataset_2.code >= ? ORDER BY dataset_2._row_number
 LIMIT ? OFFSET ?
-- ["r03", "r05", "r05", "r03", 101, 0]
