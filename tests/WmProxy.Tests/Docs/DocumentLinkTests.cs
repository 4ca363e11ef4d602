using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using WmProxy.Tests.Configuration;

namespace WmProxy.Tests.Docs;

/// <summary>Links between the documents lead to files and headings that are there.</summary>
public sealed class DocumentLinkTests
{
    private static readonly string Repository = ConfigurationSchemaTests.Repository;

    [Fact]
    public void Links_OfAllDocuments_LeadSomewhere()
    {
        var documents = new[] { "docs", "samples" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository, folder), "*.md", SearchOption.AllDirectories))
            .Append(Path.Combine(Repository, "README.md"))
            .ToList();

        var links = documents.SelectMany(LinksOf).ToList();

        Assert.True(links.Count > 20, $"only {links.Count} links were found");
        Assert.All(links, link => Assert.True(LeadsSomewhere(link.Document, link.Target), $"{link.Document}: {link.Target}"));
    }

    private static IEnumerable<(string Document, string Target)> LinksOf(string document) =>
        Regex.Matches(WithoutCode(document), @"\]\((?!https?:)([^)\s]+)\)").Select(match => (document, match.Groups[1].Value));

    private static bool LeadsSomewhere(string document, string target)
    {
        var (path, anchor) = target.Split('#') is [var file, var heading] ? (file, heading) : (target, null);
        var full = path.Length == 0 ? document : Path.GetFullPath(path, Path.GetDirectoryName(document)!);
        return anchor is null
            ? File.Exists(full) || Directory.Exists(full)
            : File.Exists(full) && Regex.Matches(WithoutCode(full), "^#+ (.*)$", RegexOptions.Multiline).Any(match => AnchorOf(match.Groups[1].Value) == anchor);
    }

    /// <summary>What GitHub makes of a heading: lower case, without punctuation, blanks as hyphens.</summary>
    private static string AnchorOf(string heading) =>
        Regex.Replace(heading.Trim().ToLowerInvariant(), @"[^\w\- ]", "").Replace(' ', '-');

    private static string WithoutCode(string document) => Regex.Replace(File.ReadAllText(document), "^```.*?^```", "", RegexOptions.Singleline | RegexOptions.Multiline);
}
