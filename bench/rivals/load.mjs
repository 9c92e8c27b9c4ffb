// Loads a rival from the packages beside this file, which is where Node looks from here.

export const load = (name) => import(name)
