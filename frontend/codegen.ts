import type { CodegenConfig } from "@graphql-codegen/cli";

/** The typed client of the schema that staff sees; the entries' own fields depend on who asks and are composed. */
const config: CodegenConfig = {
    schema: "schema.graphql",
    documents: ["src/**/*.{ts,tsx}", "!src/graphql/**"],
    ignoreNoDocuments: true,
    generates: {
        "src/graphql/": {
            preset: "client",
            presetConfig: { fragmentMasking: false },
            config: {
                enumsAsTypes: true,
                useTypeImports: true,
                strictScalars: true,
                scalars: {
                    BigInt: "number",
                    Date: "string",
                    DateTime: "string",
                    Decimal: "string",
                    Document: "unknown",
                    JSON: "unknown",
                    Purpose: "string",
                },
            },
        },
    },
};

export default config;
