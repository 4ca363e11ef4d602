using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace WmProxy.Configuration.Reading;

internal static class StreamTlsConfigReader
{
    public static StreamTlsConfig Read(ConfigSectionReader section) => new()
    {
        Certificate = section.ReadSection("Certificate", CertificateConfigReader.Read),
        Sni = section.ReadMap("Sni", ReadSni),
        ClientCertificateMode = section.ReadEnum<ClientCertificateMode>("ClientCertificateMode"),
        ClientCertificateAuthorities = section.ReadName("ClientCertificateAuthorities"),
        AlpnProtocols = section.ReadNames("AlpnProtocols") ?? default,
    };

    private static StreamSniConfig ReadSni(ConfigSectionReader section) => new()
    {
        Certificate = section.ReadSection("Certificate", CertificateConfigReader.Read),
        ClientCertificateMode = section.ReadEnum<ClientCertificateMode>("ClientCertificateMode"),
    };
}
