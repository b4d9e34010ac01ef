// The page of "mqtrace view".
import { render } from 'preact';
import { App } from './app.tsx';

render(<App />, document.querySelector('#page')!);
