using System;
using System.Collections.Generic;
using System.Text;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>Names of ALPN protocols: 1 to 255 bytes (RFC 7301 section 3.1).</summary>
internal static class AlpnValidator
{
    public static void Validate(string path, EquatableArray<string> protocols, ConfigErrorCollector errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < protocols.Count; i++)
        {
            if (Encoding.UTF8.GetByteCount(protocols[i]) is < 1 or > 255)
            {
                errors.Add(ConfigKeyPath.Item(path, i), $"{QuotedText.Quote(protocols[i])} is not the name of an ALPN protocol, which has 1 to 255 bytes");
            }
            else if (!seen.Add(protocols[i]))
            {
                errors.Add(ConfigKeyPath.Item(path, i), $"{QuotedText.Quote(protocols[i])} is listed twice");
            }
        }
    }
}
