using System.Linq;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace WmProxy.Configuration.Validation;

/// <summary><c>Tls</c> is there for <c>tls://</c> addresses and for nothing else, and has what a handshake needs.</summary>
internal static class StreamTlsValidator
{
    public static void Validate(StreamConfig stream, ConfigValidationContext context, ConfigErrorCollector errors) =>
        Validate(ConfigKeyPath.Stream(stream.StreamId, "Tls"), stream.Listen, stream.Tls, context, errors);

    /// <param name="path">The key path of <c>Tls</c>.</param>
    /// <param name="listen">The addresses beside it.</param>
    /// <param name="config">What is to be checked.</param>
    /// <param name="context">What it is checked against.</param>
    /// <param name="errors">What is wrong.</param>
    public static void Validate(string path, EquatableArray<ListenAddress> listen, StreamTlsConfig? config, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        var tlsAddress = listen.FirstOrDefault(address => address.Scheme == ListenScheme.Tls);
        if (config is not { } tls)
        {
            if (tlsAddress is not null)
            {
                errors.Add(path, $"is required for '{tlsAddress}', with a 'Certificate' or 'Sni'");
            }

            return;
        }

        if (tlsAddress is null && listen.Count > 0 && !listen[0].IsUdp)
        {
            errors.Add(path, "has no effect, because no address of 'Listen' is tls://");
        }

        if (tls.Certificate is null && tls.Sni.Count == 0)
        {
            errors.Add(ConfigKeyPath.Of(path, "Certificate"), "is required, or 'Sni' with certificates by server name");
        }

        CertificateValidator.Validate(ConfigKeyPath.Of(path, "Certificate"), tls.Certificate, context, errors);
        ValidateMode(path, tls.ClientCertificateMode, errors);
        foreach (var (name, sni) in tls.Sni)
        {
            ValidateSni(ConfigKeyPath.Of(path, "Sni", name), name, sni, tls, context, errors);
        }

        ValidateAuthorities(path, tls, context, errors);
        AlpnValidator.Validate(ConfigKeyPath.Of(path, "AlpnProtocols"), tls.AlpnProtocols, errors);
    }

    private static void ValidateSni(string path, string name, StreamSniConfig sni, StreamTlsConfig tls, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        if (name != "*" && ServerNameSyntax.FindError(name) is { } error)
        {
            errors.Add(path, error);
        }

        if (sni.Certificate is null && tls.Certificate is null)
        {
            errors.Add(ConfigKeyPath.Of(path, "Certificate"), "is required, because 'Tls' has no 'Certificate' of its own");
        }

        CertificateValidator.Validate(ConfigKeyPath.Of(path, "Certificate"), sni.Certificate, context, errors);
        ValidateMode(path, sni.ClientCertificateMode, errors);
    }

    private static void ValidateMode(string path, ClientCertificateMode? mode, ConfigErrorCollector errors)
    {
        if (mode == ClientCertificateMode.DelayCertificate)
        {
            errors.Add(
                ConfigKeyPath.Of(path, "ClientCertificateMode"),
                "'DelayCertificate' lets an HTTP request ask later, and streams have none; valid values: NoCertificate, AllowCertificate, RequireCertificate");
        }
    }

    private static void ValidateAuthorities(string path, StreamTlsConfig tls, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        if (tls.ClientCertificateAuthorities is not { } file)
        {
            return;
        }

        var authoritiesPath = ConfigKeyPath.Of(path, "ClientCertificateAuthorities");
        if (!Asks(tls.ClientCertificateMode) && !tls.Sni.Values.Any(sni => Asks(sni.ClientCertificateMode)))
        {
            errors.Add(authoritiesPath, "has no effect, because no 'ClientCertificateMode' asks for a certificate; set it to 'RequireCertificate' or 'AllowCertificate'");
        }

        if (ReadableFile.FindError(file, context.BaseDirectory) is { } error)
        {
            errors.Add(authoritiesPath, error);
        }
    }

    private static bool Asks(ClientCertificateMode? mode) => mode is not (null or ClientCertificateMode.NoCertificate);
}
