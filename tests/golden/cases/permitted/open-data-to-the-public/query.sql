-- rows
SELECT dataset_1._row_number AS c0, dataset_1.code AS c1, dataset_1.name AS c2, dataset_1.population AS c3, dataset_1.area AS c4, dataset_1.population AS c5
FROM dataset_1 ORDER BY dataset_1.population DESC NULLS LAST, dataset_1._row_number
 LIMIT ? OFFSET ?
-- [3, 0]

-- total
SELECT count(*) AS count_1
FROM dataset_1
-- []
