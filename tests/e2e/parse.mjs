// Reads a feed with rss-parser or feedsmith and prints the titles as JSON.  usage: parse.mjs PARSER FILE
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(process.env.NODE_PATH + '/');
const [, , parser, file] = process.argv;
const text = readFileSync(file, 'utf8');

let items;
if (parser === 'rss-parser') {
  const Parser = require('rss-parser');
  items = (await new Parser().parseString(text)).items;
} else {
  const { parseFeed } = require('feedsmith');
  const { feed } = parseFeed(text);
  items = feed.items ?? feed.entries ?? [];
}
const title = (item) => (typeof item.title === 'object' ? item.title.value : item.title);
console.log(JSON.stringify(items.map(title)));
