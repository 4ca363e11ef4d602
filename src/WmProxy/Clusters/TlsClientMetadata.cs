using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration.Values;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Clusters;

/// <summary>What the metadata of a cluster and of its destinations say of TLS; a destination's word goes before its cluster's.</summary>
internal static class TlsClientMetadata
{
    public const string AuthoritiesKey = "Tls.CertificateAuthorities";
    public const string FingerprintKey = "Tls.Fingerprint";
    public const string CertificateKey = "Tls.ClientCertificate";
    public const string CertificateKeyKey = "Tls.ClientCertificateKey";
    public const string CertificatePasswordKey = "Tls.ClientCertificatePassword";

    private const string Prefix = "Tls.";
    private const int FingerprintLength = 32;

    /// <summary>All keys.</summary>
    public static IReadOnlyList<string> Keys { get; } = [AuthoritiesKey, FingerprintKey, CertificateKey, CertificateKeyKey, CertificatePasswordKey];

    /// <summary>The keys for TLS among <paramref name="metadata"/>, known or not.</summary>
    public static IEnumerable<string> KeysOf(IReadOnlyDictionary<string, string>? metadata) =>
        metadata is null ? [] : metadata.Keys.Where(key => key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether destinations of a scheme are spoken to in TLS by a connector.</summary>
    public static bool IsTls(string scheme) => scheme is "tls" or DestinationAddress.Socks5TlsScheme or DestinationAddress.HttpsConnectScheme;

    /// <summary>The files that a destination's handshakes need; <see langword="null"/> for none.</summary>
    public static TlsClientSettings? ReadSettings(ClusterConfig cluster, string destinationId, DestinationConfig destination)
    {
        var (authorities, authoritiesPath) = Find(cluster, destinationId, destination, AuthoritiesKey);

        // Certificate, key and password belong together, so they come from one place.
        var isOwn = KeysOf(destination.Metadata).Any(key => key.StartsWith(CertificateKey, StringComparison.OrdinalIgnoreCase));
        var metadata = isOwn ? destination.Metadata : cluster.Metadata;
        var certificate = metadata?.GetValueOrDefault(CertificateKey);
        return authorities is null && certificate is null
            ? null
            : new TlsClientSettings
            {
                Authorities = authorities,
                AuthoritiesKeyPath = authorities is null ? "" : $"ReverseProxy:Clusters:{cluster.ClusterId}:{authoritiesPath}",
                Certificate = certificate,
                Key = metadata?.GetValueOrDefault(CertificateKeyKey),
                Password = metadata?.GetValueOrDefault(CertificatePasswordKey),
                CertificateKeyPath = certificate is null ? "" : $"ReverseProxy:Clusters:{cluster.ClusterId}:{(isOwn ? PathOf(destinationId, CertificateKey) : PathOf(null, CertificateKey))}",
            };
    }

    /// <summary>The pinned fingerprints; malformed ones, which the validator reports, match nothing.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> ReadFingerprints(ClusterConfig cluster, DestinationConfig destination)
    {
        var (text, _) = Find(cluster, "", destination, FingerprintKey);
        return text is null ? [] : [.. text.Split(',').Select(item => (ReadOnlyMemory<byte>)(TryParseFingerprint(item) ?? []))];
    }

    /// <summary>Reads a SHA-256 hash: hexadecimal digits, with or without colons between them, as OpenSSL and browsers show it.</summary>
    public static byte[]? TryParseFingerprint(string text)
    {
        var digits = text.Trim().Replace(":", "", StringComparison.Ordinal);
        try
        {
            return digits.Length == FingerprintLength * 2 ? Convert.FromHexString(digits) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The key path of a destination's metadata, or of the cluster's, below the cluster.</summary>
    public static string PathOf(string? destinationId, string key) => destinationId is null ? $"Metadata:{key}" : $"Destinations:{destinationId}:Metadata:{key}";

    /// <summary>Adds what is wrong with the metadata themselves, key path below the cluster first.</summary>
    public static void Validate(ClusterConfig cluster, Action<string, string> add)
    {
        var destinations = cluster.Destinations ?? new Dictionary<string, DestinationConfig>();
        var schemes = destinations.Values.Select(destination => DestinationAddress.GetScheme(destination.Address ?? "")).ToList();
        Validate(null, cluster.Metadata, schemes.Count == 0 || schemes.Exists(IsTls), cluster, add);
        foreach (var (id, destination) in destinations)
        {
            Validate(id, destination.Metadata, IsTls(DestinationAddress.GetScheme(destination.Address ?? "")), cluster, add);
        }
    }

    private static void Validate(string? id, IReadOnlyDictionary<string, string>? metadata, bool isTls, ClusterConfig cluster, Action<string, string> add)
    {
        foreach (var key in KeysOf(metadata))
        {
            var path = PathOf(id, key);
            if (!Keys.Contains(key, StringComparer.OrdinalIgnoreCase))
            {
                add(path, $"unknown key; {NearestName.Proposal(key, [.. Keys], "valid keys")}");
            }
            else if (!isTls)
            {
                add(path, "has no effect: TLS is spoken here to tls://, socks5+tls:// and https+connect:// destinations");
            }
            else if (key.Equals(FingerprintKey, StringComparison.OrdinalIgnoreCase) && metadata![key].Split(',').FirstOrDefault(item => TryParseFingerprint(item) is null) is { } wrong)
            {
                add(path, $"{QuotedText.Quote(wrong)} is not the SHA-256 fingerprint of a certificate: 64 hexadecimal digits, with or without colons");
            }
            else if ((key.Equals(FingerprintKey, StringComparison.OrdinalIgnoreCase) || key.Equals(AuthoritiesKey, StringComparison.OrdinalIgnoreCase))
                && cluster.HttpClient?.DangerousAcceptAnyServerCertificate == true)
            {
                add(path, "has no effect beside 'HttpClient:DangerousAcceptAnyServerCertificate'; keep one of them");
            }
            else if (!key.Equals(CertificateKey, StringComparison.OrdinalIgnoreCase)
                && key.StartsWith(CertificateKey, StringComparison.OrdinalIgnoreCase) && !metadata!.ContainsKey(CertificateKey))
            {
                add(path, $"has no effect without '{CertificateKey}' beside it");
            }
        }
    }

    private static (string? Value, string Path) Find(ClusterConfig cluster, string destinationId, DestinationConfig destination, string key) =>
        destination.Metadata?.GetValueOrDefault(key) is { } own ? (own, PathOf(destinationId, key)) : (cluster.Metadata?.GetValueOrDefault(key), PathOf(null, key));
}
