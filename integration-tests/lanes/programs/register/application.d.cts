declare function run(modules: object): Promise<string>;
export = run;
