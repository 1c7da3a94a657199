// In place of `react-style-singleton`: the policy of the page lets nobody write <style> elements. What they would do,
// keep the page behind an open dialog from scrolling, is needless: the page is as high as the window.
export const styleSingleton = () => () => null;
export const stylesheetSingleton = () => ({ add() {}, remove() {} });
export const styleHookSingleton = () => () => {};
