-- total
SELECT count(*) AS count_1
FROM dataset_1
-- []

-- groups, 100 shown, of 5 rows at least
SELECT dataset_1.urban AS c0, count(*) AS c1
FROM dataset_1
WHERE dataset_1.population IS NOT NULL GROUP BY dataset_1.urban
HAVING count(*) >= ? ORDER BY count(*) DESC, dataset_1.urban ASC NULLS LAST
 LIMIT ? OFFSET ?
-- [5, 101, 0]

-- counted rows, if groups are few
SELECT count(*) AS count_1
FROM dataset_1
WHERE dataset_1.population IS NOT NULL
-- []

-- counted rows, if groups are few
SELECT count(*) AS count_1
FROM dataset_1
-- []
