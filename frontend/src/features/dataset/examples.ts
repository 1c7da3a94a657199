import type { DataSet, Item } from "@/features/dataset/entry";

export interface Example {
    readonly name: "GraphQL" | "curl" | "Python" | "JavaScript" | "Java";
    readonly text: string;
}

/** The same first page of rows by five ways; each runs as it is copied, with what its language brings along. */
export function examplesOf(site: string, entry: DataSet, items: readonly Item[]): readonly Example[] {
    const names = items.map(({ identifier }) => identifier).join(" ");
    const query = `{ shared { ${entry.identifier}(first: 10) { totalCount nodes { ${names} } pageInfo { endCursor } } } }`;
    const body = JSON.stringify({ query });
    return [
        { name: "GraphQL", text: query },
        {
            name: "curl",
            text: `curl -sS '${site}/graphql' -H 'Content-Type: application/json' \\\n  -d '${body}'`,
        },
        { name: "Python", text: python(site, query, entry.identifier) },
        { name: "JavaScript", text: javaScript(site, query, entry.identifier) },
        { name: "Java", text: java(site, body) },
    ];
}

function python(site: string, query: string, identifier: string): string {
    return `import json
from urllib.request import Request, urlopen

query = "${query}"
request = Request("${site}/graphql", json.dumps({"query": query}).encode(), {"Content-Type": "application/json"})
with urlopen(request) as answer:
    for row in json.load(answer)["data"]["shared"]["${identifier}"]["nodes"]:
        print(row)
`;
}

function javaScript(site: string, query: string, identifier: string): string {
    return `const answer = await fetch("${site}/graphql", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ query: "${query}" }),
});
const { data } = await answer.json();
console.log(data.shared.${identifier}.nodes);
`;
}

function java(site: string, body: string): string {
    return `import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

class Rows {
    public static void main(String[] arguments) throws Exception {
        var request = HttpRequest.newBuilder(URI.create("${site}/graphql"))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("${body.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"))
            .build();
        System.out.println(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body());
    }
}
`;
}
