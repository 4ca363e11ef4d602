using Microsoft.Net.Http.Headers;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>Media types, as <c>text/html; charset=utf-8</c> (RFC 9110 section 8.3.1).</summary>
internal static class MediaTypeSyntax
{
    public static void Validate(string path, string? text, ConfigErrorCollector errors)
    {
        if (text is not null && (!FieldSyntax.IsValue(text) || !MediaTypeHeaderValue.TryParse(text, out var type) || type.MatchesAllTypes || type.MatchesAllSubTypes))
        {
            errors.Add(path, $"{QuotedText.Quote(text)} is not a media type; write it as 'text/html; charset=utf-8'");
        }
    }
}
