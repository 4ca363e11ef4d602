using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Security;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using WmProxy.Configuration;

namespace WmProxy.Connections.Tls;

/// <summary>Makes a <see cref="TlsServerModel"/> of settings, and finds everything that is wrong with them.</summary>
internal sealed class TlsServerModelBuilder(StreamTlsConfig config, string keyPath, string baseDirectory, IList<ConfigError> errors)
{
    /// <summary>The model; <see langword="null"/> after an error.</summary>
    public TlsServerModel? Build()
    {
        var before = errors.Count;
        var protocols = ReadProtocols();
        var authorities = new TrustedAuthorities(config.ClientCertificateAuthorities, $"{keyPath}:ClientCertificateAuthorities", baseDirectory, TrustedAuthorities.OfClients);
        var mode = ReadMode(config.ClientCertificateMode, keyPath) ?? ClientCertificateMode.NoCertificate;
        var asks = config.Certificate is not null && mode != ClientCertificateMode.NoCertificate;
        var fallback = config.Certificate is { } own ? new TlsServerEntry(new CertificateLoader(own, $"{keyPath}:Certificate", baseDirectory), mode, protocols) : null;

        var entries = new Dictionary<string, TlsServerEntry>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, sni) in config.Sni)
        {
            var path = $"{keyPath}:Sni:{name}";
            if (!IsName(name))
            {
                errors.Add(new ConfigError(path, $"'{name}' is not a server name: neither a host name (in ASCII), nor '*.' and one, nor '*'."));
                continue;
            }

            var nameMode = ReadMode(sni.ClientCertificateMode, path) ?? mode;
            asks |= nameMode != ClientCertificateMode.NoCertificate;

            // As in Kestrel, a name without a certificate of its own shows the listener's.
            var (certificate, certificatePath) = sni.Certificate is { } its ? (its, $"{path}:Certificate") : (config.Certificate, $"{keyPath}:Certificate");
            if (certificate is null)
            {
                errors.Add(new ConfigError($"{path}:Certificate", $"Missing, and {keyPath}:Certificate, which would stand in, is missing too."));
                continue;
            }

            entries[name] = new TlsServerEntry(new CertificateLoader(certificate, certificatePath, baseDirectory), nameMode, protocols);
        }

        if (fallback is null && config.Sni.Count == 0)
        {
            errors.Add(new ConfigError($"{keyPath}:Certificate", "Missing: TLS needs a certificate, here or under Sni."));
        }

        if (config.ClientCertificateAuthorities is not null && !asks)
        {
            errors.Add(new ConfigError($"{keyPath}:ClientCertificateAuthorities", "No client is asked for a certificate: set ClientCertificateMode to RequireCertificate or AllowCertificate."));
        }

        var model = new TlsServerModel(entries, fallback, authorities);
        var found = new List<ConfigError>();
        model.Reload(found);
        foreach (var error in found.Distinct())
        {
            errors.Add(error);
        }

        if (errors.Count > before)
        {
            return null;
        }

        model.ApplyAll();
        return model;
    }

    private ClientCertificateMode? ReadMode(ClientCertificateMode? mode, string path)
    {
        if (mode == ClientCertificateMode.DelayCertificate)
        {
            errors.Add(new ConfigError($"{path}:ClientCertificateMode", "DelayCertificate is for HTTP requests; a stream has NoCertificate, AllowCertificate or RequireCertificate."));
        }

        return mode;
    }

    private SslApplicationProtocol[] ReadProtocols()
    {
        var protocols = new List<SslApplicationProtocol>();
        for (var i = 0; i < config.AlpnProtocols.Count; i++)
        {
            var name = config.AlpnProtocols[i];
            if (Encoding.UTF8.GetByteCount(name) is > 0 and < 256)
            {
                protocols.Add(new SslApplicationProtocol(name));
            }
            else
            {
                errors.Add(new ConfigError($"{keyPath}:AlpnProtocols:{i}", "A protocol's name has 1 to 255 bytes (RFC 7301 section 3.1)."));
            }
        }

        return [.. protocols];
    }

    private static bool IsName(string name)
    {
        if (name == "*")
        {
            return true;
        }

        var host = name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name;
        return host.Length is > 0 and < 254 && host.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_')
            && !host.StartsWith('.') && !host.EndsWith('.') && !host.Contains("..", StringComparison.Ordinal);
    }
}
