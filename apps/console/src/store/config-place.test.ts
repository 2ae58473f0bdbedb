import { expect, test } from 'vitest';
import { layerWord, placeNames, placeWord, readPlace, writableLayers, writePlace } from './config-place.ts';

test('the places to choose from are those that layers name, and the home of the application', () => {
  const layers = ['manifest', 'common', 'env:staging', 'env:live/region:eu', 'region:us', 'release:prod'];
  expect(placeNames(layers, 'live')).toEqual({
    environments: ['live', 'staging'],
    releaseEnvironments: ['prod'],
    regions: ['eu', 'us'],
  });
  expect(placeNames([])).toEqual({ environments: [], releaseEnvironments: [], regions: [] });
});

test('a place goes into the address and comes back, and leaves the rest of it alone', () => {
  const search = new URLSearchParams('?key=mail.host&region=us');
  writePlace(search, { environment: 'live', releaseEnvironment: 'prod', region: undefined });
  expect(search.toString()).toBe('key=mail.host&env=live&release=prod');
  expect(readPlace(search)).toEqual({ environment: 'live', releaseEnvironment: 'prod', region: undefined });
});

test('what may be set from a place goes from the broadest layer to the narrowest', () => {
  expect(writableLayers({})).toEqual(['common']);
  expect(writableLayers({ environment: 'live', releaseEnvironment: 'prod', region: 'eu' })).toEqual([
    'common',
    'release:prod',
    'env:live',
    'region:eu',
    'env:live/region:eu',
  ]);
  expect(writableLayers({ region: 'eu' })).toEqual(['common', 'region:eu']);
});

test('layers and places have words for people', () => {
  const layers = ['manifest', 'common', 'release:prod', 'env:live', 'region:eu', 'env:live/region:eu'];
  expect(layers.map(layerWord)).toEqual(['plumb.yaml', 'everywhere', 'prod', 'live', 'eu', 'live in eu']);
  expect([placeWord({}), placeWord({ environment: 'live', region: 'eu' })]).toEqual(['everywhere', 'live · eu']);
});
