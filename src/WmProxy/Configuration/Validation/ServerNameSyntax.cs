using System;
using System.Globalization;
using System.Linq;
using System.Net;
using WmProxy.Configuration.Values;
using WmProxy.Connections.ClientHello;

namespace WmProxy.Configuration.Validation;

/// <summary>Server names as TLS carries them (RFC 6066 section 3), exact or with a leading <c>*.</c>.</summary>
internal static class ServerNameSyntax
{
    public static string? FindError(string name)
    {
        var rest = name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name;
        var shown = QuotedText.Quote(name);
        return rest.Contains('*', StringComparison.Ordinal) ? $"{shown}: a '*' stands for whole labels in front only, as in '*.example.com'"
            : rest.Length == 0 ? $"{shown} is empty"
            : IPAddress.TryParse(rest, out _) ? $"{shown} is an IP address, which TLS clients do not send as server name"
            : rest.Contains("://", StringComparison.Ordinal) || rest.Contains('/', StringComparison.Ordinal) ? $"{shown} is not a server name; write the host alone"
            : rest.Contains(':', StringComparison.Ordinal) ? $"{shown} has a port; did you mean {QuotedText.Quote(name[..name.IndexOf(':')])}?"
            : rest.EndsWith('.') ? $"{shown} ends with a dot; did you mean {QuotedText.Quote(name.TrimEnd('.'))}?"
            : rest.Any(c => c > 127) ? $"{shown} is not in its ASCII form{AsciiProposal(name)}"
            : !ServerName.TryParsePattern(name, out _, out _) ? $"{shown} is not a server name: its labels have 1 to 63 letters, digits, '-' or '_', 253 characters in all"
            : null;
    }

    private static string AsciiProposal(string name)
    {
        try
        {
            return $"; did you mean {QuotedText.Quote(new IdnMapping().GetAscii(name))}?";
        }
        catch (ArgumentException)
        {
            return "";
        }
    }
}
