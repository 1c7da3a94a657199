// The page for trying queries out. Nothing that is written into it is kept: it may be a token, or a citizen's number.
import "@graphiql/react/dist/style.css";
import "graphiql/src/style.css";
import "./page.css";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

const FIRST = `# 查询试用
#
# Ctrl-Enter 执行；Ctrl-空格 提示可写的内容；
# 左上角为接口文档。
#
# 不带令牌，即以社会公众的身份查询。
# 以某个应用的身份查询：将下行填入下方 Headers，
# 换上该应用的令牌，再点左下角刷新接口文档。
#
#   {"Authorization": "Bearer 令牌"}

{
  shared {
    villages(where: {name: {contains: "社区"}}, first: 3) {
      totalCount
      nodes {
        code
        name
      }
    }
  }
}
`;

function forgetful() {
  const kept = new Map();
  return {
    get length() {
      return kept.size;
    },
    clear: () => kept.clear(),
    getItem: (name) => kept.get(name) ?? null,
    removeItem: (name) => kept.delete(name),
    setItem: (name, value) => kept.set(name, value),
  };
}

const properties = {
  defaultQuery: FIRST,
  defaultEditorToolsVisibility: "headers",
  fetcher: createGraphiQLFetcher({ url: "/graphql" }),
  showPersistHeadersSettings: false,
  storage: forgetful(),
};
createRoot(document.getElementById("graphiql")).render(createElement(GraphiQL, properties));
