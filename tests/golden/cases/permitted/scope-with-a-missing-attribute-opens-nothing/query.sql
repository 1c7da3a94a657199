-- rows
SELECT dataset_2._row_number AS c0, CAST(json_object(?, dataset_2.code) AS BLOB) AS c1
FROM dataset_2
WHERE CAST(NULL AS BOOLEAN) = 1 OR CAST(NULL AS BOOLEAN) = 1 ORDER BY dataset_2._row_number
 LIMIT ? OFFSET ?
-- ["code", 101, 0]

-- total
SELECT count(*) AS count_1
FROM dataset_2
WHERE CAST(NULL AS BOOLEAN) = 1 OR CAST(NULL AS BOOLEAN) = 1
-- []
