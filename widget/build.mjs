/**
 * Builds dist/ from src/: `node build.mjs [FOLDER]`.
 *
 * The loader carries the hash of the app in its address, so a page that has a new
 * loader never runs an old app. The licences of what is bundled lie beside it.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(here, 'dist'));

/** Style sheets become minified strings: they are adopted, never put into the page. */
const styles = {
  name: 'styles',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path: file }) => {
      const source = await readFile(file, 'utf8');
      const { code } = await transform(source, { loader: 'css', minify: true });
      return { contents: code.trim(), loader: 'text' };
    });
  },
};

async function bundle(entry, define = {}) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: here,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { 'process.env.NODE_ENV': '"production"', ...define },
    plugins: [styles],
  });
  return { text: outputFiles[0].text, inputs: Object.keys(metafile.inputs) };
}

/** The licence texts of the packages among the bundled files. */
async function licences(inputs) {
  const names = new Set();
  for (const input of inputs) {
    const found = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) names.add(found[1]);
  }
  const texts = [...names].sort().map(async (name) => {
    const folder = path.join(here, 'node_modules', name);
    const { version } = JSON.parse(
      await readFile(path.join(folder, 'package.json'), 'utf8'),
    );
    const text = await readLicence(folder);
    return `${name} ${version}\n\n${text.trim().replace(/\r/g, '')}\n`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(72)}\n\n`);
}

async function readLicence(folder) {
  for (const name of ['LICENSE', 'LICENSE.md']) {
    try {
      return await readFile(path.join(folder, name), 'utf8');
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`${folder} has no LICENSE; it cannot be bundled without one.`);
}

const app = await bundle('src/app.jsx');
const hash = createHash('sha256').update(app.text).digest('hex').slice(0, 12);
const loader = await bundle('src/loader.js', {
  APP_FILE: JSON.stringify(`app.js?v=${hash}`),
});
await mkdir(out, { recursive: true });
await writeFile(path.join(out, 'app.js'), app.text);
await writeFile(path.join(out, 'widget.js'), loader.text);
await writeFile(path.join(out, 'LICENSES.txt'), await licences(app.inputs));
for (const [name, { text }] of Object.entries({ 'widget.js': loader, 'app.js': app })) {
  const bytes = gzipSync(text, { level: 9 }).length;
  console.log(`${name}: ${text.length} characters, ${bytes} bytes gzipped`);
}
