import { expect, test } from 'vitest';
import { formatLayer, isLayer, layerFileName, layersFor, parseLayer } from './layers.ts';

test('the layers of a reader go from what all share to what is exactly for it', () => {
  const coordinates = { environment: 'live', releaseEnvironment: 'production', region: 'eu-west-1' };
  const layers = layersFor(coordinates);
  expect(layers).toEqual([
    'manifest',
    'common',
    'release:production',
    'env:live',
    'region:eu-west-1',
    'env:live/region:eu-west-1',
  ]);
  expect(layers.map(layerFileName)).toEqual([undefined, 'common', 'production', 'live', 'eu-west-1', 'live-eu-west-1']);
  expect(layersFor({ environment: 'dev' })).toEqual(['manifest', 'common', 'env:dev']);
  expect(layersFor({ region: 'eu' })).toEqual(['manifest', 'common', 'region:eu']);
  expect(() => layersFor({ environment: 'Dev' })).toThrow('the layer "env:Dev" names "Dev": a name has');
});

test('what is written is what is read', () => {
  for (const text of layersFor({ environment: 'a', releaseEnvironment: 'b', region: 'c' })) {
    expect(formatLayer(parseLayer(text))).toBe(text);
    expect(isLayer(text)).toBe(true);
  }
});

test('what is not a layer is refused with how one is written', () => {
  const check = (text: string, message: string): void => {
    expect(isLayer(text)).toBe(false);
    expect(() => parseLayer(text)).toThrow(message);
  };
  check('comon', 'did you mean "common"?');
  check('environment:live', '"environment:live" is not a layer: write common, release:NAME, env:NAME, region:NAME or');
  check('region:eu/region:us', 'is not a layer');
  check('release:a/region:b', 'is not a layer');
  check('env:', 'the layer "env:" names ""');
  check('env:live/region:', 'the layer "env:live/region:" names ""');
  check('env:../../etc', 'is not a layer');
  check('', 'is not a layer');
});
