-- rows
SELECT dataset_1._row_number AS c0, CAST(json_object(?, dataset_1.code, ?, dataset_1.note) AS BLOB) AS c1
FROM dataset_1
WHERE dataset_1.note IS NOT NULL ORDER BY dataset_1._row_number
 LIMIT ? OFFSET ?
-- ["code", "note", 101, 0]
