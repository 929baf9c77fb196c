/** Products in columns, their facts in rows; differing rows stand out. */
import { linkTo } from '../links.js';
import { useSurroundings } from '../surroundings.js';

export function Comparison({ part: { columns, rows, urls = [] } }) {
  const { words } = useSurroundings();
  return (
    <div class="wide comparison" tabIndex={0} role="group" aria-label={words.comparison}>
      <table>
        <thead>
          <tr>
            <td />
            {columns.map((name, i) => {
              const link = urls[i] && linkTo(urls[i]);
              return (
                <th key={name} scope="col" dir="auto">{link ? <a {...link}>{name}</a> : name}</th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {rows.map(([label, ...values]) => (
            <tr key={label} class={new Set(values).size > 1 ? 'differs' : ''}>
              <th scope="row" dir="auto">{label}</th>
              {values.map((value, i) => <td key={i} dir="auto">{value}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
