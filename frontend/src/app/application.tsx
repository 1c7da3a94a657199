import { App, ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { RouterProvider } from "react-router";
import { Provider } from "urql";

import { makeRouter } from "@/app/router";
import { theme } from "@/app/theme";
import { makeClient } from "@/lib/asking";
import { readNonce } from "@/lib/facts";
import { type Session, SessionContext } from "@/lib/session";

/** The whole application, for who is signed in. */
export function Application({ session }: { readonly session: Session }): React.JSX.Element {
    const { i18n } = useTranslation();
    const client = useMemo(makeClient, []);
    const router = useMemo(makeRouter, []);
    const nonce = readNonce();
    return (
        <ConfigProvider
            locale={i18n.language === "en" ? enUS : zhCN}
            theme={theme}
            button={{ autoInsertSpace: false }}
            {...(nonce === undefined ? {} : { csp: { nonce } })}
        >
            <App component={false}>
                <Provider value={client}>
                    <SessionContext value={session}>
                        <RouterProvider router={router} />
                    </SessionContext>
                </Provider>
            </App>
        </ConfigProvider>
    );
}
