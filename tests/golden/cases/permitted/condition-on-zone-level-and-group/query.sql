-- rows
SELECT dataset_2._row_number AS c0, CAST(json_object(?, dataset_2.code) AS BLOB) AS c1
FROM dataset_2 ORDER BY dataset_2._row_number
 LIMIT ? OFFSET ?
-- ["code", 2, 0]
