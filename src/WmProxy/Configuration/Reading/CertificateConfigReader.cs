namespace WmProxy.Configuration.Reading;

internal static class CertificateConfigReader
{
    public static CertificateConfig Read(ConfigSectionReader section) => new()
    {
        Path = section.ReadName("Path"),
        KeyPath = section.ReadName("KeyPath"),
        Password = SecretConfigReader.Read(section, "Password"),
        Subject = section.ReadName("Subject"),
        Store = section.ReadName("Store"),
        Location = section.ReadName("Location"),
        AllowInvalid = section.ReadBoolean("AllowInvalid"),
    };
}
