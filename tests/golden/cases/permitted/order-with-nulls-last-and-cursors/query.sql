-- rows
SELECT dataset_2._row_number AS c0, dataset_2.code AS c1, dataset_2.income AS c2, dataset_2.income AS c3, dataset_2.born AS c4
FROM dataset_2 ORDER BY dataset_2.income DESC NULLS LAST, dataset_2.born ASC NULLS LAST, dataset_2._row_number
 LIMIT ? OFFSET ?
-- [13, 0]
