-- total
SELECT count(*) AS count_1
FROM dataset_2
-- []
