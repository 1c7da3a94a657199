-- rows
SELECT dataset_3._row_number AS c0, CAST(json_object(?, dataset_3.code, ?, dataset_3.suspect) AS BLOB) AS c1
FROM dataset_3 ORDER BY dataset_3._row_number
 LIMIT ? OFFSET ?
-- ["code", "suspect", 101, 0]
