require('./entry.cjs')().then(
  (result) => console.log(result),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
