/** @typedef {typeof import("@tslab/typescript-for-tslab")} TypeScript */
/** @typedef {import("@tslab/typescript-for-tslab").Node} Node */
/** @typedef {import("@tslab/typescript-for-tslab").SourceFile} SourceFile */

/**
 * Write out the short form `{ slot }` where `slot` is of an earlier cell, which tslab keeps in `exports`. tslab itself
 * does so for every other use of such a name.
 * @param {TypeScript} ts
 * @param {import("@tslab/typescript-for-tslab").TypeChecker} checker
 * @param {(declaration: Node) => boolean} isEarlier
 * @returns {import("@tslab/typescript-for-tslab").TransformerFactory<SourceFile>}
 */
export function writeOutShorthand(ts, checker, isEarlier) {
  const { factory } = ts;
  return (context) => {
    /** @type {import("@tslab/typescript-for-tslab").Visitor} */
    const visit = (node) => {
      if (!ts.isShorthandPropertyAssignment(node)) return ts.visitEachChild(node, visit, context);
      const fallback = node.objectAssignmentInitializer && ts.visitNode(node.objectAssignmentInitializer, visit);
      if (!checker.getShorthandAssignmentValueSymbol(node)?.declarations?.some(isEarlier))
        return fallback === node.objectAssignmentInitializer
          ? node
          : factory.updateShorthandPropertyAssignment(
              node,
              node.name,
              /** @type {import("@tslab/typescript-for-tslab").Expression} */ (fallback),
            );
      const variable = factory.createPropertyAccessExpression(factory.createIdentifier("exports"), node.name.text);
      ts.setSourceMapRange(variable, node.name);
      const value = fallback
        ? factory.createAssignment(variable, /** @type {import("@tslab/typescript-for-tslab").Expression} */ (fallback))
        : variable;
      return ts.setTextRange(factory.createPropertyAssignment(factory.createIdentifier(node.name.text), value), node);
    };
    return (file) => ts.visitEachChild(file, visit, context);
  };
}

/**
 * The text of a cell without `export`: tslab exports all declarations by itself, refuses those that are exported twice,
 * and loses a variable of an earlier cell that is exported again. Every position stays.
 * @param {TypeScript} ts
 * @param {string} text
 * @returns {string}
 */
export function withoutExports(ts, text) {
  const { SyntaxKind } = ts;
  const file = ts.createSourceFile("cell.ts", text, ts.ScriptTarget.Latest, true);
  let result = text;
  const write = (/** @type {number} */ start, /** @type {number} */ end, words = "") => {
    result = result.slice(0, start) + words.padEnd(end - start) + result.slice(end);
  };
  for (const statement of file.statements) {
    const start = statement.getStart(file);
    if (ts.isExportDeclaration(statement)) {
      const { exportClause, moduleSpecifier, isTypeOnly } = statement;
      if (moduleSpecifier || isTypeOnly || !exportClause || !ts.isNamedExports(exportClause)) continue;
      write(start, exportClause.getStart(file), "void"); // the names are still checked
      for (const { propertyName, end } of exportClause.elements) if (propertyName) write(propertyName.end, end);
      continue;
    }
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    const isDefault = modifiers.some(({ kind }) => kind === SyntaxKind.DefaultKeyword);
    if (isDefault && !(/** @type {{ name?: Node }} */ (statement).name)) continue; // it declares no variable
    for (const modifier of modifiers)
      if (modifier.kind === SyntaxKind.ExportKeyword || modifier.kind === SyntaxKind.DefaultKeyword)
        write(modifier.getStart(file), modifier.end);
  }
  return result;
}

/**
 * What is wrong with a cell that names something of its own `exports` below its first level: there, variables of earlier
 * cells would be undefined, for tslab keeps them in an object of that name.
 * @param {TypeScript} ts
 * @param {string} text
 * @returns {import("tslab/dist/converter.js").Diagnostic | undefined}
 */
export function hidingEarlier(ts, text) {
  const file = ts.createSourceFile("cell.ts", text, ts.ScriptTarget.Latest, true);
  /** @type {(node: Node) => Node | undefined} */
  const find = (node) => {
    const { name } = /** @type {{ name?: Node }} */ (node);
    const declares =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionExpression(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isClassLike(node);
    if (declares && name && ts.isIdentifier(name) && name.text === "exports") return name;
    return ts.forEachChild(node, find);
  };
  const found = find(file);
  if (!found) return undefined;
  const place = (/** @type {number} */ offset) => ({ offset, ...file.getLineAndCharacterOfPosition(offset) });
  const messageText = "The name `exports` hides the variables of earlier cells. Give it another name.";
  return { start: place(found.getStart(file)), end: place(found.end), messageText, category: 1, code: 0 };
}

/**
 * A cell with the line that tslab adds, `export {…}`, put right: there it gives names that begin with `__` in
 * TypeScript's own spelling, and `declare global` as a name.
 * @param {string} text
 * @returns {string}
 */
export function withPlainNames(text) {
  return text.replace(/\nexport \{[^{}\n]*\}$/, (line) => line.replace(/__global(, )?/, "").replace(/\b___/g, "__"));
}

/**
 * Whether a cell waits outside of its functions. tslab itself overlooks `for await` and `await (…)`.
 * @param {TypeScript} ts
 * @param {Node} node
 * @returns {boolean}
 */
export function awaits(ts, node) {
  if (ts.isFunctionLike(node)) return false;
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) return true;
  return ts.forEachChild(node, (child) => awaits(ts, child) || undefined) ?? false;
}

/**
 * The namespaces among the declarations of earlier cells that tslab leaves out of the new declarations.
 * @param {TypeScript} ts
 * @param {string} before
 * @param {string} after
 * @returns {string}
 */
export function lostNamespaces(ts, before, after) {
  if (!/\bnamespace\b/.test(before)) return "";
  const names = new Set(namedStatements(ts, after).map(([name]) => name));
  const lost = namedStatements(ts, before).filter(([name, node]) => ts.isModuleDeclaration(node) && !names.has(name));
  return lost.map(([, node]) => `${node.getText()}\n`).join("");
}

/**
 * @param {TypeScript} ts
 * @param {string} text
 * @returns {[string, Node][]}
 */
function namedStatements(ts, text) {
  const { statements } = ts.createSourceFile("declarations.d.ts", text, ts.ScriptTarget.Latest, true);
  return statements.flatMap((statement) => {
    const declarations = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement];
    return declarations.flatMap((node) => {
      const { name } = /** @type {{ name?: Node }} */ (node);
      return name && ts.isIdentifier(name)
        ? [/** @type {[string, Node]} */ ([name.text, /** @type {Node} */ (node)])]
        : [];
    });
  });
}
