export default 1;
throw new Error('the database is gone');
