import "@/features/console/console.css";

import { useTranslation } from "react-i18next";
import { NavLink, Outlet, useLocation } from "react-router";

import { Empty } from "@/components/states";
import { type ConsoleWay } from "@/features/console/ways";
import { signInAddress, useSession } from "@/lib/session";

/** What staff's pages stand in: the ways to each at the side. What a person may do there the portal says, not the way. */
export function ConsoleFrame({ ways }: { readonly ways: readonly ConsoleWay[] }): React.JSX.Element {
    const { t } = useTranslation();
    const { signedIn } = useSession();
    const { pathname, search } = useLocation();
    if (!signedIn)
        return (
            <main className="page narrow" id="main" tabIndex={-1}>
                <Empty title={t("console.signInFirst")}>
                    <p>{t("console.signInWhy")}</p>
                    <a href={signInAddress(pathname + search)}>{t("frame.signIn")}</a>
                </Empty>
            </main>
        );
    return (
        <div className="page console">
            <nav className="console-ways" aria-label={t("console.ways")}>
                <NavLink to="/console" end>
                    {t("console.overview")}
                </NavLink>
                {ways.map(({ address, title }) => (
                    <NavLink key={address} to={address}>
                        {title(t)}
                    </NavLink>
                ))}
            </nav>
            <main id="main" tabIndex={-1}>
                <Outlet />
            </main>
        </div>
    );
}
