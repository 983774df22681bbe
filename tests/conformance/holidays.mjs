// holidays.mjs FROM TO ANSWER: the bank holidays of England that the date-holidays package has for those years, as JSON:
// [{"date": "2018-01-01", "name": …}, …].
import fs from "node:fs";
import Holidays from "date-holidays";

const [from, to, answerFile] = process.argv.slice(2);
const england = new Holidays("GB", "ENG");
const list = [];
for (let year = Number(from); year <= Number(to); ++year)
  for (const { date, name, type } of england.getHolidays(year))
    if (type === "public" || type === "bank") list.push({ date: date.slice(0, 10), name });
fs.writeFileSync(answerFile, JSON.stringify(list));
