using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Enumeration;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace WmProxy.StaticFiles;

/// <summary>What a folder holds for clients: folders first, then by name.</summary>
internal sealed class FolderListing
{
    /// <summary>As many entries as are shown; a folder with a million must not cost a page of hundreds of megabytes.</summary>
    public const int MaxEntries = 10_000;

    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeHeaderValue Html = new("text/html");
    private static readonly EnumerationOptions AllEntries = new() { AttributesToSkip = 0, IgnoreInaccessible = true };

    private FolderListing(string path, IReadOnlyList<FolderEntry> entries, bool isCut)
    {
        Path = path;
        Entries = entries;
        IsCut = isCut;
    }

    /// <summary>The folder below the root; empty for the root itself.</summary>
    public string Path { get; }

    public IReadOnlyList<FolderEntry> Entries { get; }

    /// <summary>Whether there are more than <see cref="MaxEntries"/>.</summary>
    public bool IsCut { get; }

    public static FolderListing Read(FileTree tree, RelativePath folder, FileLookup found, HideRules hide, int maxEntries = MaxEntries)
    {
        List<FolderEntry> entries = [];
        foreach (var name in ReadNames(found.OpenPath))
        {
            // Each is looked at as a request for it would be: nothing is listed that could not be fetched.
            if (!RelativePath.IsSegment(name, OperatingSystem.IsWindows()) || hide.Hides(name))
            {
                continue;
            }

            using var entry = tree.Find(folder.Value.Length == 0 ? name : $"{folder.Value}/{name}");
            if (entry.Status is not (FileLookupStatus.File or FileLookupStatus.Folder))
            {
                continue;
            }

            if (entries.Count == maxEntries)
            {
                return new FolderListing(folder.Value, Sort(entries), isCut: true);
            }

            entries.Add(new FolderEntry(name, entry.Status == FileLookupStatus.Folder, entry.Length, entry.LastModified));
        }

        return new FolderListing(folder.Value, Sort(entries), isCut: false);
    }

    public async Task SendAsync(HttpContext context)
    {
        var response = context.Response;
        var isJson = PrefersJson(context.Request);
        var body = isJson ? FolderListingJson.Write(this) : FolderListingHtml.Write(this);
        response.ContentType = isJson ? "application/json; charset=utf-8" : "text/html; charset=utf-8";
        response.ContentLength = body.Length;
        response.Headers.AppendCommaSeparatedValues(HeaderNames.Vary, HeaderNames.Accept);
        response.Headers.XContentTypeOptions = "nosniff";

        // File names are strangers' text. They are escaped, and should that ever fail there is nothing that they could start.
        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    private static IEnumerable<string> ReadNames(string path)
    {
        try
        {
            return new FileSystemEnumerable<string>(path, (ref entry) => entry.FileName.ToString(), AllEntries);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static List<FolderEntry> Sort(List<FolderEntry> entries)
    {
        entries.Sort(static (left, right) =>
        {
            var byKind = right.IsFolder.CompareTo(left.IsFolder);
            var byName = byKind != 0 ? byKind : string.Compare(left.Name, right.Name, StringComparison.OrdinalIgnoreCase);
            return byName != 0 ? byName : string.CompareOrdinal(left.Name, right.Name);
        });
        return entries;
    }

    // A browser asks for text/html and, last, for anything; a program that wants JSON says so.
    private static bool PrefersJson(HttpRequest request)
    {
        double json = 0;
        double html = 0;
        foreach (var range in request.GetTypedHeaders().Accept)
        {
            var quality = range.Quality ?? 1;
            if (!range.MatchesAllTypes && Json.IsSubsetOf(range))
            {
                json = Math.Max(json, quality);
            }

            if (!range.MatchesAllTypes && Html.IsSubsetOf(range))
            {
                html = Math.Max(html, quality);
            }
        }

        return json > 0 && json >= html;
    }
}
