-- rows
SELECT dataset_2._row_number AS c0, CAST(json_object(?, dataset_2.code) AS BLOB) AS c1
FROM dataset_2
WHERE dataset_2.income < ? AND dataset_2.code < ? ORDER BY dataset_2._row_number
 LIMIT ? OFFSET ?
-- ["code", 90000, "r12", 2, 0]

-- total
SELECT count(*) AS count_1
FROM dataset_2
WHERE dataset_2.income < ? AND dataset_2.code < ?
-- [90000, "r12"]

-- groups, 100 shown, of 1 rows at least
SELECT dataset_2.division AS c0, dataset_2.born AS c1, count(*) AS c2
FROM dataset_2
WHERE (dataset_2.code < ? AND dataset_2.children IS NOT NULL) AND dataset_2.income < ? GROUP BY dataset_2.division, dataset_2.born ORDER BY count(*) DESC, dataset_2.division ASC NULLS LAST, dataset_2.born ASC NULLS LAST
 LIMIT ? OFFSET ?
-- ["r12", 90000, 100, 0]

-- groups, 2 shown, of 1 rows at least
SELECT dataset_2.present AS c0, dataset_2.income AS c1, dataset_2.children AS c2, dataset_2.seen AS c3, count(*) AS c4
FROM dataset_2
WHERE dataset_2.income < ? AND dataset_2.code < ? GROUP BY dataset_2.present, dataset_2.income, dataset_2.children, dataset_2.seen ORDER BY count(*) DESC, dataset_2.present ASC NULLS LAST, dataset_2.income ASC NULLS LAST, dataset_2.children ASC NULLS LAST, dataset_2.seen ASC NULLS LAST
 LIMIT ? OFFSET ?
-- [90000, "r12", 2, 0]
