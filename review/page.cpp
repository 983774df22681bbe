#include "review/page.h"

#include <cctype>

#include "review/embedded_data.h"
#include "vault/base/bytes.h"
#include "vault/crypto/hash.h"

namespace strongroom::review {
namespace {

bool is_control(unsigned char c) {
  return c < 0x20 || c == 0x7f;
}

// Whether the byte at `at` is the second one of a C1 control (U+0080 to U+009F). The first is 0xc2.
bool is_second_of_control(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  return at > 0 && byte(at - 1) == 0xc2 && byte(at) >= 0x80 && byte(at) < 0xa0;
}

std::string escaped_byte(char c) {
  return "\\x" + vault::hex(vault::as_bytes(std::string_view(&c, 1)));
}

// Writes a CSS string. Everything but letters, digits, spaces and a few marks becomes a hexadecimal escape, so that no
// text can end the string.
std::string css_string(std::string_view text) {
  constexpr std::string_view kPlain = " -.:,";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (std::isalnum(byte) != 0 || kPlain.contains(c)))
      out += c;
    else if (byte < 0x80)
      out += "\\" + vault::hex(vault::as_bytes(std::string_view(&c, 1))) + " ";
  }
  return out + "\"";
}

std::string style_of(const Page& page) {
  const std::string foot = page.reference.empty() ? page.title : page.reference + ", " + page.title;
  return std::string(data::k_pages_page) +
         "@page { font: 9pt Helvetica, Arial, \"Liberation Sans\", sans-serif; color: #505a5f;\n"
         "  @bottom-left { content: " +
         css_string(foot) +
         "; }\n"
         "  @bottom-right { content: \"Page \" counter(page) \" of \" counter(pages); } }\n" +
         page.more_css;
}

}  // namespace

std::string escape_html(std::string_view text) {
  const bool is_text = vault::is_utf8(text);
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    // Control characters are shown and not dropped, since a reader must see that a text contains something odd.
    else if ((is_control(byte) && c != '\n') || (!is_text && byte >= 0x80))
      out += escaped_byte(c);
    else if (is_second_of_control(text, at)) {
      out.pop_back();
      out += escaped_byte(c);
    } else
      out += c;
  }
  return out;
}

std::string escape_html_lines(std::string_view text) {
  std::string out;
  for (const char c : escape_html(text)) {
    if (c == '\n')
      out += "<br>\n";
    else
      out += c;
  }
  return out;
}

std::string html_page(const Page& page) {
  const std::string style = style_of(page);
  // The policy allows exactly this style. So even markup that slipped through `escape_html` could not load anything.
  const auto digest = vault::crypto::sha256(vault::as_bytes(style));
  std::string out =
      "<!doctype html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-" +
      vault::base64(digest, vault::Base64::padded) +
      "'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n<title>" +
      escape_html(page.title) + "</title>\n<style>" + style +
      "</style>\n</head>\n<body>\n<header class=\"bar\"><div><b>Strongroom</b><span>" + escape_html(page.marking) +
      "</span></div></header>\n<main>\n" + page.body + "\n</main>\n";
  if (!page.reference.empty())
    out +=
        "<footer class=\"end\">" + escape_html(page.reference) + " &middot; " + escape_html(page.title) + "</footer>\n";
  return out + "</body>\n</html>\n";
}

}  // namespace strongroom::review
