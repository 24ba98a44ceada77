export const topology = 1;
