export default () => 'nothing of use';
