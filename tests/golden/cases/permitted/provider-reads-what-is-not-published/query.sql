-- rows
SELECT dataset_4._row_number AS c0, CAST(json_object(?, dataset_4.code, ?, dataset_4.title) AS BLOB) AS c1
FROM dataset_4 ORDER BY dataset_4._row_number
 LIMIT ? OFFSET ?
-- ["code", "title", 101, 0]
