test('a pipeline', async () => {
  expect(await require('./entry.cjs')()).toMatch(/^ok/);
}, 60000);
