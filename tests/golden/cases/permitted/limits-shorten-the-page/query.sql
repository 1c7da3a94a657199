-- rows
SELECT dataset_2._row_number AS c0, CAST(json_object(?, dataset_2.code, ?, dataset_2.name) AS BLOB) AS c1
FROM dataset_2 ORDER BY dataset_2._row_number
 LIMIT ? OFFSET ?
-- ["code", "name", 5, 0]

-- total
SELECT count(*) AS count_1
FROM dataset_2
-- []
