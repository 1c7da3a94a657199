import { Suspense, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link, NavLink, Outlet, ScrollRestoration, useLocation, useNavigation } from "react-router";

import { Loading } from "@/components/states";
import { readFacts } from "@/lib/facts";
import { chooseLanguage, currentLanguage } from "@/lib/language";
import { signInAddress, signOut, useSession } from "@/lib/session";

const { demonstration } = readFacts();

/** What every page stands in: name, ways, language, who is signed in; then the page. */
export function Frame(): React.JSX.Element {
    const { t } = useTranslation();
    const { pathname } = useLocation();
    const isMoving = useNavigation().state !== "idle";
    useEffect(() => {
        document.getElementById("main")?.focus({ preventScroll: true });
    }, [pathname]);
    return (
        <>
            <a className="skip" href="#main">
                {t("frame.skip")}
            </a>
            <header className="head">
                <div className="head-row">
                    <NavLink className="brand" to="/" aria-label={t("frame.home")}>
                        <img src="/favicon.svg" alt="" width="28" height="28" />
                        <span>{t("frame.name")}</span>
                    </NavLink>
                    <Ways />
                    <div className="head-end">
                        <LanguageSwitch />
                        <SignedIn />
                    </div>
                </div>
                <div className={isMoving ? "progress moving" : "progress"} role="presentation" />
            </header>
            <Suspense fallback={<Loading />}>
                <Outlet />
            </Suspense>
            <footer className="foot">
                <div className="foot-row">
                    <span>{t("frame.promise")}</span>
                    <Link to="/verify">{t("verify.way")}</Link>
                    {demonstration && <span>{t("frame.synthetic")}</span>}
                </div>
            </footer>
            <ScrollRestoration />
        </>
    );
}

function Ways(): React.JSX.Element {
    const { t } = useTranslation();
    const { signedIn } = useSession();
    return (
        <nav className="ways" aria-label={t("frame.ways")}>
            <NavLink to="/catalog">{t("frame.catalog")}</NavLink>
            <NavLink to="/explorer">{t("frame.explorer")}</NavLink>
            {signedIn && <NavLink to="/console">{t("frame.console")}</NavLink>}
        </nav>
    );
}

function LanguageSwitch(): React.JSX.Element {
    const other = currentLanguage() === "zh" ? "en" : "zh";
    const { t } = useTranslation();
    return (
        <button
            type="button"
            className="plain"
            lang={other === "zh" ? "zh-CN" : "en"}
            onClick={() => void chooseLanguage(other)}
        >
            {t("frame.otherLanguage")}
        </button>
    );
}

function SignedIn(): React.JSX.Element | null {
    const { t } = useTranslation();
    const { signedIn, offered, user } = useSession();
    const { pathname } = useLocation();
    if (signedIn)
        return (
            <>
                <span className="who">{user}</span>
                <button
                    type="button"
                    className="plain"
                    onClick={() => {
                        void signOut().then((address) => {
                            window.location.assign(address);
                        });
                    }}
                >
                    {t("frame.signOut")}
                </button>
            </>
        );
    return offered ? (
        <a className="plain" href={signInAddress(pathname === "/" ? "/console" : pathname)}>
            {t("frame.signIn")}
        </a>
    ) : null;
}
