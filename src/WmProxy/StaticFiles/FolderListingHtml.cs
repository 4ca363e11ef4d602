using System;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace WmProxy.StaticFiles;

/// <summary>A listing as a page of its own: no script, nothing to fetch, light and dark.</summary>
internal static class FolderListingHtml
{
    private const string Style = """
        :root{color-scheme:light dark;--line:#8883;--dim:#8a8f98;--link:light-dark(#0b57d0,#8ab4f8)}
        body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
        h1{font-size:1.25rem;font-weight:600;overflow-wrap:anywhere}
        a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
        table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
        th{text-align:left;font-weight:500;color:var(--dim);font-size:.875rem}
        th,td{padding:.4rem .5rem;border-bottom:1px solid var(--line)}
        tr:hover td{background:#8881}
        td:first-child{overflow-wrap:anywhere}
        td:first-child::before{content:"\1F4C4";margin-right:.6rem}tr.folder td:first-child::before{content:"\1F4C1"}tr.up td:first-child::before{content:"\2B06"}
        .size,.time{text-align:right;white-space:nowrap;color:var(--dim)}
        p{color:var(--dim);font-size:.875rem}
        @media(max-width:40rem){.time{display:none}}
        """;

    public static byte[] Write(FolderListing listing)
    {
        var title = HtmlEncoder.Default.Encode("/" + listing.Path);
        var page = new StringBuilder(2048 + (listing.Entries.Count * 256));
        page.Append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>")
            .Append(title).Append("</title>\n<style>\n").Append(Style).Append("\n</style></head>\n<body><h1>");
        AppendTrail(page, listing.Path);
        page.Append("</h1>\n<table><thead><tr><th>Name</th><th class=\"size\">Size</th><th class=\"time\">Changed (UTC)</th></tr></thead>\n<tbody>\n");
        if (listing.Path.Length > 0)
        {
            page.Append("<tr class=\"up\"><td><a href=\"../\">..</a></td><td></td><td class=\"time\"></td></tr>\n");
        }

        foreach (var entry in listing.Entries)
        {
            AppendEntry(page, entry);
        }

        page.Append("</tbody></table>\n");
        if (listing.IsCut)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p>Only {listing.Entries.Count} entries are shown; there are more.</p>\n");
        }
        else if (listing.Entries.Count == 0)
        {
            page.Append("<p>Nothing here.</p>\n");
        }

        return Encoding.UTF8.GetBytes(page.Append("</body></html>\n").ToString());
    }

    /// <summary><paramref name="length"/> bytes for people: at most three digits before the point, in powers of 1024.</summary>
    public static string FormatSize(long length)
    {
        if (length < 1024)
        {
            return $"{length} B";
        }

        var size = (double)length;
        var unit = -1;
        while (size >= 1023.95 && unit < 4)
        {
            size /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{size:0.0} {"KMGTP"[unit]}iB");
    }

    // Each folder of the path is a link; all are relative, so that a proxy before us may serve us under any path.
    private static void AppendTrail(StringBuilder page, string path)
    {
        var names = path.Length == 0 ? [] : path.Split('/');
        AppendStep(page, "root", names.Length);
        for (var i = 0; i < names.Length; i++)
        {
            page.Append(" / ");
            AppendStep(page, names[i], names.Length - 1 - i);
        }
    }

    private static void AppendStep(StringBuilder page, string name, int levelsUp)
    {
        var text = HtmlEncoder.Default.Encode(name);
        if (levelsUp == 0)
        {
            page.Append(text);
            return;
        }

        page.Append("<a href=\"").Insert(page.Length, "../", levelsUp).Append("\">").Append(text).Append("</a>");
    }

    private static void AppendEntry(StringBuilder page, FolderEntry entry)
    {
        // "./" keeps "mailto:x" a file's name and not a scheme.
        var slash = entry.IsFolder ? "/" : "";
        page.Append(entry.IsFolder ? "<tr class=\"folder\"><td>" : "<tr><td>")
            .Append("<a href=\"./").Append(HtmlEncoder.Default.Encode(Uri.EscapeDataString(entry.Name))).Append(slash).Append("\">")
            .Append(HtmlEncoder.Default.Encode(entry.Name)).Append(slash)
            .Append("</a></td><td class=\"size\">").Append(entry.IsFolder ? "" : FormatSize(entry.Length))
            .Append("</td><td class=\"time\">").Append(CultureInfo.InvariantCulture, $"{entry.LastModified.UtcDateTime:yyyy-MM-dd HH:mm}")
            .Append("</td></tr>\n");
    }
}
