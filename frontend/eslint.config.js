import tseslint from "typescript-eslint";

const upwards = (layers) => ({
    "no-restricted-imports": [
        "error",
        {
            patterns: [
                {
                    group: layers.map((layer) => `@/${layer}/**`),
                    message: "imports run downwards: app, features, shared",
                },
                { group: ["../*"], message: "name what is elsewhere from the top: `@/…`" },
            ],
        },
    ],
});

export default tseslint.config(
    { ignores: ["dist", "src/graphql", "eslint.config.js"] },
    ...tseslint.configs.strictTypeChecked,
    ...tseslint.configs.stylisticTypeChecked,
    { languageOptions: { parserOptions: { projectService: true } } },
    {
        rules: {
            "@typescript-eslint/consistent-type-definitions": ["error", "interface"],
            "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
            "max-lines": ["error", 300],
            "max-lines-per-function": ["error", { max: 90, skipComments: true }],
            "no-restricted-globals": [
                "error",
                {
                    name: "localStorage",
                    message: "only `lib/kept.ts` keeps anything, and never what a person may read",
                },
                {
                    name: "sessionStorage",
                    message: "only `lib/kept.ts` keeps anything, and never what a person may read",
                },
                { name: "fetch", message: "ask through `lib/`" },
            ],
            "no-restricted-syntax": [
                "error",
                {
                    selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
                    message: "text is shown as text (T44)",
                },
                {
                    selector: "JSXText[value=/[A-Za-z\\u4e00-\\u9fff]{2,}/]",
                    message: "words stand in `texts/`, in both languages",
                },
            ],
        },
    },
    { files: ["src/{components,lib,testing,texts}/**"], rules: upwards(["app", "features"]) },
    { files: ["src/features/**"], rules: upwards(["app"]) },
    { files: ["src/lib/**", "src/testing/**"], rules: { "no-restricted-globals": "off" } },
    { files: ["src/**/*.test.{ts,tsx}"], rules: { "max-lines-per-function": "off" } },
);
