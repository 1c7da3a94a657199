// Serves one view of a PostgreSQL database by PostGraphile: `node server.mjs PORT`, its address in DATABASE_URL.
//
// Each request runs as the role `READER` with the region of who asks, to which row-level security holds every statement,
// and writes a row of audit, committed before it is answered.
import { createServer } from "node:http";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const { DATABASE_URL, READER, REGION } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
const AUDIT = {
  name: "audit",
  text: "INSERT INTO audit (subject, entry, purpose, document, client_address) VALUES ($1, $2, $3, $4, $5)",
};

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ pool, schemas: ["shared"] })],
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false },
  grafast: {
    explain: false,
    async context(requestContext, args) {
      const address = requestContext.node.req.socket.remoteAddress;
      await pool.query({ ...AUDIT, values: ["checker", "people", "verification", args.document?.loc?.source.body ?? "", address] });
      return { pgSettings: { role: READER, "app.region": REGION } };
    },
  },
};

const service = postgraphile(preset).createServ(grafserv);
const answer = service.createHandler();
await service.ready();
createServer((request, response) => {
  if (request.url === "/healthz") response.writeHead(200, { "Content-Length": 0 }).end();
  else answer(request, response);
}).listen(Number(process.argv[2]), "127.0.0.1");
