import { Component, type ComponentChild, createElement, type FunctionComponent, type JSX } from 'preact';

/** Draws `View` again only when one of its props is another one than before: for rows of long lists. */
export function memo<P extends object>(View: FunctionComponent<P>): (props: P) => JSX.Element {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const names = Object.keys(next) as (keyof P)[];
      return names.some((name) => next[name] !== (this.props as P)[name]);
    }
    override render(): ComponentChild {
      return createElement(View, this.props as P);
    }
  }
  return (props) => createElement(Memo, props) as JSX.Element;
}
