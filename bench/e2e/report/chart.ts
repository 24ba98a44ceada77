import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { type Bar, chartBars, chartSeries } from './chart-bars.ts';
import { chartTitle } from './chart-title.ts';
import type { E2eDocument } from './document.ts';
import type { ThroughputRow } from './summary.ts';

/** Colours of a light page and, after each, what stands for it on a dark one. */
const THEME = {
  background: ['#ffffff', '#0d1117'],
  text: ['#1f2328', '#e6edf3'],
  faint: ['#59636e', '#9198a1'],
  grid: ['#d1d9e0', '#3d444d'],
  whisker: ['#1f2329', '#f0f6fc'],
} as const;
const FONT = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";
const PANEL_WIDTH = 330;
const BAR_HEIGHT = 9;

/**
 * Two panels of bars, by workload: records per second, and records per second of CPU time; whiskers reach from the slowest
 * run to the fastest. An SVG text that needs nothing from elsewhere and follows the reader's light or dark mode.
 * Throws when no subject of the chart was measured.
 */
export async function chart(document: E2eDocument, rows: readonly ThroughputRow[] = document.summary.throughput): Promise<string> {
  const bars = chartBars(rows);
  if (bars.length === 0) throw new Error('Nothing to draw: the report has no run of Millrace, Kafka Streams or a loop by hand.');
  const view = new View(parse(compile(spec(document, bars)).spec), { renderer: 'none' });
  try {
    return adapt(await view.toSVG(), document);
  } finally {
    view.finalize();
  }
}

function spec(document: E2eDocument, bars: readonly Bar[]): TopLevelSpec {
  const series = chartSeries(bars);
  const { title, subtitle } = chartTitle(document);
  return {
    background: THEME.background[0],
    padding: 16,
    title: { text: title, subtitle: [...subtitle], anchor: 'start', offset: 16 },
    data: { values: [...bars] },
    hconcat: [
      panel(bars, series, 'recordsPerSecond', 'records/s', true),
      panel(bars, series, 'recordsPerCpuSecond', 'records per CPU second', false),
    ],
    spacing: 24,
    config: {
      aria: false,
      font: FONT,
      view: { stroke: null },
      title: { color: THEME.text[0], subtitleColor: THEME.faint[0], fontSize: 15, subtitleFontSize: 11, subtitlePadding: 6 },
      axis: { labelColor: THEME.faint[0], titleColor: THEME.text[0], labelFontSize: 11, titleFontSize: 12, domain: false, ticks: false },
      axisX: { gridColor: THEME.grid[0] },
      legend: { labelColor: THEME.text[0], labelFontSize: 11, labelLimit: 400, symbolType: 'square' },
    },
  };
}

/** Longer bars are better in both panels. */
function panel(
  bars: readonly Bar[],
  series: ReturnType<typeof chartSeries>,
  field: 'recordsPerSecond' | 'recordsPerCpuSecond',
  title: string,
  labelled: boolean,
) {
  const names = series.map(({ name }) => name);
  const y = {
    field: 'workload',
    type: 'nominal' as const,
    sort: [...new Set(bars.map(({ workload }) => workload))],
    title: null,
    axis: labelled ? { labelLimit: 200, labelColor: THEME.text[0] } : null,
    scale: { paddingInner: 0.22, paddingOuter: 0.1 },
  };
  const yOffset = { field: 'series', sort: names };
  const color = {
    field: 'series',
    type: 'nominal' as const,
    scale: { domain: names, range: series.map(({ color }) => color) },
    legend: { title: null, orient: 'bottom' as const, columns: 2 },
  };
  return {
    width: PANEL_WIDTH,
    height: { step: BAR_HEIGHT, for: 'offset' as const },
    layer: [
      {
        mark: { type: 'bar' as const },
        encoding: {
          y,
          yOffset,
          color,
          x: {
            field: `${field}.median`,
            type: 'quantitative' as const,
            title,
            axis: { labelExpr: "datum.value === 0 ? '0' : format(datum.value, '~s')", tickCount: 5 },
          },
        },
      },
      {
        mark: { type: 'rule' as const, color: THEME.whisker[0], strokeWidth: 1 },
        encoding: { y, yOffset, x: { field: `${field}.min`, type: 'quantitative' as const }, x2: { field: `${field}.max` } },
      },
    ],
  };
}

/** Its own background keeps it legible where the page's theme and the system's differ. */
function adapt(svg: string, document: E2eDocument): string {
  const dark = Object.values(THEME)
    .map(([light, other]) => `[fill="${light}"]{fill:${other}}[stroke="${light}"]{stroke:${other}}`)
    .join('');
  const { title, subtitle } = chartTitle(document);
  const head = `<title>${escapeText(title)}</title><desc>${escapeText(subtitle.join(' '))}</desc><style>@media (prefers-color-scheme:dark){${dark}}</style>`;
  // A page shows it as an image, of which readers see the title and the description: roles of its marks only take space.
  const plain = svg.replace(/ (?:role|aria-[a-z]+)="[^"]*"/g, '');
  return `${plain.replace(/<svg[^>]*>/, (tag) => `${tag}${head}`)}\n`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
