/** The page's style, which the build gathers into a file of its own. */
declare module "*.css";
