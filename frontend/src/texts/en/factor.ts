export const factor = {
    title: "Second factor",
    why: "What you may do changes, approves or audits: show a second factor in this session.",
    enrol: "First time: enrol an authenticator",
    enrolWhen: "Enrolled already? Enter the code.",
    scan: "Scan this with an authenticator, or type the secret, which is shown this once:",
    standIn: "Demonstration: let this page stand in for the authenticator",
    code: "Code of six digits",
    confirm: "Confirm",
};
