// Prints what each audit of `graphql-http` says of the server at the address given: a JSON list of id, name, status, reason.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
